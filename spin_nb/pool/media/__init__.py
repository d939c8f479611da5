"""Files of pictures, sounds and videos, decoded; hostile ones refused."""
