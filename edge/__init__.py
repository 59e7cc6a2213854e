"""Device messages become validated, durable telemetry. Knows nothing of cases."""
