"""What a service takes and answers: its OpenAPI document as compiled checks of requests and answers."""
