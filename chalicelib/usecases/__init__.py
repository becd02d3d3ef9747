"""What the API can do: one public function each, over the ports."""
