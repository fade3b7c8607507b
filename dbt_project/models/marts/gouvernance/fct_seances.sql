select
    cast(exercice as integer) as exercice,
    cast(date_seance as date) as date_seance,
    cast(nature as string) as nature_seance,
    cast(lieu as string) as lieu,
    cast(nb_en_exercice as bigint) as nb_en_exercice,
    cast(nb_presents as bigint) as nb_presents,
    cast(nb_pouvoirs as bigint) as nb_pouvoirs,
    cast(est_seconde_convocation as boolean) as est_seconde_convocation,
    cast(quorum_requis as bigint) as quorum_requis,
    cast(regle_quorum as string) as regle_quorum,
    cast(texte_quorum as string) as texte_quorum,
    cast(nb_presents >= quorum_requis as boolean) as est_quorum_atteint,
    cast(est_quorum_declare as boolean) as est_quorum_declare
from {{ ref('int_gouvernance__seances') }}
where poids = 1
