"""What random calls need: operations that are filled, answers at random, and who judges what came of them."""
