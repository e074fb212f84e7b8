"""The live feed: what the flow finds, as JSON over WebSocket, and the page that draws it."""
