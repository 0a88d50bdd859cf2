"""What a stack costs and how long its jobs wait: AWS's market, prices and the week."""
