"""An application behind real servers: it answers, and writes each order that it has executed to the file ORDERS."""

import os

from fastapi import FastAPI, Request

app = FastAPI()
orders = os.open(os.environ["ORDERS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)


@app.get("/")
@app.get("/health")
async def health() -> dict[str, bool]:
    return {"ok": True}


@app.get("/orders/{number}")
async def order(number: int) -> dict[str, int]:
    return {"order": number}


@app.post("/order")
async def take(request: Request) -> dict[str, bool]:
    number = (await request.body()).decode()
    # One write is whole, whichever process it comes from.
    os.write(orders, f"{number}\n".encode())
    return {"ok": True}
