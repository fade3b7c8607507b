select
    cast(exercice as varchar) || '/' || _fichier || '#' || cast(numero_declaration as varchar) as declaration_id,
    exercice,
    mois,
    siren,
    siren || nic as siret,
    fraction as code_fraction,
    code_nature_declaration,
    code_type_declaration,
    numero_ordre,
    declaration_annulee,
    est_test,
    norme,
    date_fichier,
    nb_individus,
    _livraison,
    _fichier,
    _ligne
from {{ source('lake', 'dsn__declarations') }}
