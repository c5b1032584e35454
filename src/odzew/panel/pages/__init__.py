"""One file for each page or family of pages; `odzew.panel.routes` lists them."""
