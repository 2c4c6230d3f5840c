"""What a finished run comes to, and one offline HTML file that shows it."""
