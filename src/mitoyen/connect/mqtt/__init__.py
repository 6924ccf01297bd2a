"""Messages from an MQTT broker, acknowledged once they are durable."""
