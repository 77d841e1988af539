"""What a picture shows, in words: captions, descriptors and the text coder.

It may import entropy, the codestream's tables and models; not the other layers' rooms.
"""
