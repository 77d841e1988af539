"""What a picture shows, in words: captions, descriptors and the text coder."""
