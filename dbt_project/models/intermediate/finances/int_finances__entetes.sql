-- The heading of every document that was delivered: those that were read, and those whose heading was refused, which
-- only their lines can still attribute; if no line is left either, its place in the file is all that is known.
with lus as (
    select
        {{ document_id('numero_budget') }} as document_id,
        exercice,
        exercice_document,
        siret,
        coalesce(code_budget, '') as code_budget,
        code_type_budget,
        nomenclature,
        code_nature_decision,
        -- « 01 » and « 1 » are one decision
        coalesce(trim(leading '0' from trim(numero_decision)), '') as numero_decision,
        libelle_etablissement as libelle_budget,
        libelle_collectivite,
        siret_budget_principal,
        coalesce(est_projet, false) as est_projet,
        date_document,
        date_decision,
        code_reprise_resultats,
        editeur,
        sceau_sha1,
        -- ISO text without its offset: its order is the order of time
        left(sceau_horodatage, 19) as sceau_horodatage,
        nb_lignes,
        nb_lignes_calculees,
        nb_emprunts,
        numero_budget,
        false as est_entete_refuse,
        _livraison,
        _fichier,
        _feuille,
        _ligne
    from {{ source('lake', 'budget__documents') }}
),

refuses as (
    select exercice, livraison, fichier, ligne
    from {{ source('collecte', 'lignes_refusees') }}
    where systeme = 'budget' and nom_table = 'documents'
),

dites_par_les_lignes as (
    select
        {{ document_id('numero_budget') }} as document_id,
        exercice,
        max(exercice_document) as exercice_document,
        max(siret) as siret,
        coalesce(max(code_budget), '') as code_budget,
        max(code_type_budget) as code_type_budget,
        max(nomenclature) as nomenclature,
        max(code_nature_decision) as code_nature_decision,
        coalesce(trim(leading '0' from trim(max(numero_decision))), '') as numero_decision,
        count(*) as nb_lignes,
        numero_budget,
        _livraison,
        _fichier,
        min(_ligne) as premiere_ligne
    from {{ source('lake', 'budget__lignes') }}
    group by exercice, numero_budget, _livraison, _fichier
),

orphelins as (
    select
        dites.*, (
            select max(refuses.ligne) from refuses
            where refuses.livraison = dites._livraison and refuses.fichier = dites._fichier and refuses.ligne <= dites.premiere_ligne
        ) as ligne
    from dites_par_les_lignes as dites
    where dites.document_id not in (select document_id from lus)
),

perdus as (
    select refuses.*
    from refuses
    left join orphelins
        on refuses.livraison = orphelins._livraison
        and refuses.fichier = orphelins._fichier
        and refuses.ligne = orphelins.ligne
    where orphelins.document_id is null
),

sans_entete as (
    select
        document_id,
        exercice,
        exercice_document,
        siret,
        code_budget,
        case when code_type_budget in ('P', 'A') then code_type_budget end as code_type_budget,
        nomenclature,
        code_nature_decision,
        numero_decision,
        nb_lignes,
        numero_budget,
        _livraison,
        _fichier,
        coalesce(ligne, premiere_ligne) as _ligne
    from orphelins
    union all
    select
        cast(exercice as string) || '/' || fichier || ':' || cast(ligne as string) as document_id,
        exercice,
        cast(null as bigint) as exercice_document,
        cast(null as string) as siret,
        '' as code_budget,
        cast(null as string) as code_type_budget,
        cast(null as string) as nomenclature,
        cast(null as string) as code_nature_decision,
        '' as numero_decision,
        cast(0 as bigint) as nb_lignes,
        cast(null as bigint) as numero_budget,
        livraison as _livraison,
        fichier as _fichier,
        ligne as _ligne
    from perdus
)

select * from lus
union all
select
    document_id,
    exercice,
    exercice_document,
    siret,
    code_budget,
    code_type_budget,
    nomenclature,
    code_nature_decision,
    numero_decision,
    cast(null as string) as libelle_budget,
    cast(null as string) as libelle_collectivite,
    cast(null as string) as siret_budget_principal,
    false as est_projet,
    cast(null as date) as date_document,
    cast(null as date) as date_decision,
    cast(null as string) as code_reprise_resultats,
    cast(null as string) as editeur,
    cast(null as string) as sceau_sha1,
    cast(null as string) as sceau_horodatage,
    nb_lignes,
    cast(null as bigint) as nb_lignes_calculees,
    cast(null as bigint) as nb_emprunts,
    numero_budget,
    true as est_entete_refuse,
    _livraison,
    _fichier,
    cast(null as string) as _feuille,
    _ligne
from sans_entete
