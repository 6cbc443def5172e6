"""How news travels: messages, topics, the bus, the consumer loop, settings.

Another service imports this package to read geowire's topics. `ARCHITECTURE.md` tells the way of an article.
"""

__version__ = "0.1.0"
