"""Mail: what comes in by SMTP or LMTP, and the notices that go out."""
