"""A simulated street: calls, units, posts and rules of waiting and choosing, seeded."""
