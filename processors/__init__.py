"""What it means: consumers that tag, relate and flag articles; message in, message out."""
