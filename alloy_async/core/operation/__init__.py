"""Operations: attrs classes with markers for their arguments, a method on both clients, and rules for paging."""
