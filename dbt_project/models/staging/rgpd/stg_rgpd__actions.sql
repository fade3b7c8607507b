select
    reference_action,
    date_action,
    type_action,
    intitule,
    public_vise,
    nb_participants,
    etat,
    exercice,
    _livraison,
    _fichier,
    _ligne
from {{ source('lake', 'rgpd__actions') }}
