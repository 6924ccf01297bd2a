"""Work orders: what somebody goes and does, from the alert or request that asks for it to the photo of the result."""
