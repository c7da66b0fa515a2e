"""Measurements that take long or depend on the machine: run by hand, never by the tests."""
