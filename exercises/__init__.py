"""The book's exercises: questions asked in the chapters and functions to write in notebooks."""
