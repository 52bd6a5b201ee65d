open("/tmp/redteam-usercustomize", "w").close()
print("attack: usercustomize was loaded")
