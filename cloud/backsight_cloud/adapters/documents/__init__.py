"""Lays out invoices, receipts and credit notes: pages for browsers and PDF files."""
