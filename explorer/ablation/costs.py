"""placeholder"""
def curve(*a, **k): return 1.0
def affordable(*a, **k): return 0.1, 2
