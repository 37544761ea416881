"""Network architectures, their weights and the runtimes that execute them."""
