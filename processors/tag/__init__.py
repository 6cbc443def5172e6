"""The tag stage: an article in, the same article with entities, countries, themes and military-aid facts out.

    article -> document -> spans     names of the gazetteer at word boundaries, the longest first
                        -> mentions  each span decided: names, persons, places, then compounds around them
                        -> hits      words of the lexicons
                        -> countries, military-aid facts, themes -> tagged

Names, rules and words are data (`data/*.yaml`), compiled by `python -m processors.tag.build` into one artefact.
A tagger is one function and one row in `tag.TAGGERS`; a theme is one file in `data/themes/`.
"""
