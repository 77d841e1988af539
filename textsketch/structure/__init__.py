"""Where a picture's lines run: edge detection, stroke selection and the sketch coder."""
