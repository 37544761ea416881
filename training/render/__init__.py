"""Drawing packaging, and a small world to film it in: the demo's and the trainers' paint box."""
