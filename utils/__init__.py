"""The book's own library: losses, plotting, explorers, grading and the site extension."""
