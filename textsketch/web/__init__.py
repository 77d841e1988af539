"""What the web demo needs beside its layout: cancellable jobs, results as files, fragments of HTML."""
