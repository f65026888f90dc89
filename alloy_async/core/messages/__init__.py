"""What is sent and what comes back: an operation becomes a request, an answer becomes a result or an error."""
