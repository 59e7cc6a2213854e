"""Languages devices speak. Each turns a topic and bytes into the same messages."""
