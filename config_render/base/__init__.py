"""What settings of every kind are made of: tables, values, places, problems."""
