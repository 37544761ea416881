"""A small typed client of a skulens service; it needs nothing else of skulens.

Example:
    from client.client import Client

    with Client("https://skulens.example.com", key="sk_…") as skulens:
        skulens.create_catalog("shop")
        skulens.add_product("shop", "mug", [Path("front.jpg"), Path("side.jpg")], name="Blue mug")
        for one in skulens.identify("shop", Path("photo.jpg"))["detections"]:
            print(one["verdict"], one["product_id"], one["probability"])
"""
