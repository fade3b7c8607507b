{{ comptes('melodie') }}
