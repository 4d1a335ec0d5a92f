"""Charts of the page *Syntax*: dependency relations as bars (`relations`)."""
