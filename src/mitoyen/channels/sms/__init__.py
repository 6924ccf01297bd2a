"""SMS over SMPP 3.4: the dialogue that takes a request in, and the notices that go out."""
