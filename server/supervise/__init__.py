"""Running every part on one machine: broker, edge agent, server, and in the demo made-up life."""
