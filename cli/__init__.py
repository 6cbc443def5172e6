"""The `geowire` command: what a person types. Every command is thin over functions of the other rooms."""
