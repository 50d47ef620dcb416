"""The moderation service: Cloudinary's moderation flow over HTTP, for sites that host their own."""
