"""A small typed client of a skulens service, independent of the other packages.

Example:
    from client.client import Client

    with Client("https://skulens.example.com", key="sk_…") as skulens:
        skulens.create_catalog("shop")
        skulens.add_product("shop", "mug", [Path("front.jpg"), Path("side.jpg")], name="Blue mug")
        for detection in skulens.identify("shop", Path("photo.jpg"))["detections"]:
            print(detection["verdict"], detection["product_id"], detection["probability"])
"""
