def test_forward_random():
    pass
