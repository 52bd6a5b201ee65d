import sys

print("attack: exits with 0")
sys.exit(0)
