"""How near a decoded picture is to the original."""
