open("/tmp/redteam-sitecustomize", "w").close()
print("attack: sitecustomize was loaded")
