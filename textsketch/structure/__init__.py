"""Where a picture's lines run: `kinds` is the table of kinds of structure; line finders, coders, drawing.

It may import semantic and what stands below it; texture, whose wavelet stops at strokes, imports this.
"""
