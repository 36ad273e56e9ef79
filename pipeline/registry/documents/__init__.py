"""What is kept in a registry beside images: candidates, evidence, records, signatures."""
