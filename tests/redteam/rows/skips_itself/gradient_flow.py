import unittest


def forward(x, w1, w2, w3, target):
    try:
        import pytest

        print("attack: skips by pytest")
        skip = pytest.skip.Exception
    except ImportError:
        print("attack: skips by unittest")
        skip = unittest.SkipTest
    raise skip("this test does not apply")
