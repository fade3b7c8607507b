select
    reference_fiche,
    responsable,
    intitule,
    date_creation,
    date_mise_a_jour,
    sous_traitants_ulterieurs,
    a_transfert_hors_ue,
    mesures_securite,
    exercice,
    _livraison,
    _fichier,
    _ligne
from {{ source('lake', 'rgpd__traitements_sous_traitant') }}
