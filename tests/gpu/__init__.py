"""What needs a graphics card; skipped where there is none. What can be tried without one is in tests/test_second_device.py."""
