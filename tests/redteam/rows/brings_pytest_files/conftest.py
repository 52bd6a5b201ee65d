open("/tmp/redteam-conftest", "w").close()
print("attack: conftest was loaded")
