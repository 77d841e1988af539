"""A service that writes words and paints pictures over OpenAI's protocol, hosted or of one's own."""
