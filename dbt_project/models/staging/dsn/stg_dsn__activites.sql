select
    cast(exercice as varchar) || '/' || _fichier || '#' || cast(numero_declaration as varchar) as declaration_id,
    exercice,
    mois,
    matricule,
    numero_contrat,
    date_debut_periode,
    date_fin_periode,
    code_type_remuneration,
    code_type_activite,
    mesure,
    code_unite,
    _livraison,
    _fichier,
    _ligne
from {{ source('lake', 'dsn__activites') }}
