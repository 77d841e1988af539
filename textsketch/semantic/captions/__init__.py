"""What can write a caption for a picture."""
