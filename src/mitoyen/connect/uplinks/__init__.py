"""What devices send: read, kept, decoded, mapped to datastreams; free of the ORM where every message passes."""
